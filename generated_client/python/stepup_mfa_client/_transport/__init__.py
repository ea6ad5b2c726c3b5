"""Builds requests; made by openapi-python-client."""
