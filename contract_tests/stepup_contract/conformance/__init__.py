"""Conformance of messages to spec/openapi.yaml. Importing this alone loads nothing of schemathesis."""

# The phases of the schemathesis engine, in the order in which they run.
PHASES = ("examples", "coverage", "fuzzing", "stateful")
