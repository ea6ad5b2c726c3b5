"""The command ``stepup-mfa``."""
