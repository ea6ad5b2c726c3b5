"""Reads the OpenAPI document into a model and renders clients and the reference site from it."""
