"""A server that keeps the step-up MFA contract, with state, real codes and a clock that tests can move."""
