"""Checks a step-up MFA server over HTTP: its schemas and its behaviour."""
