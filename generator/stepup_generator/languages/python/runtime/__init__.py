"""The part of the Python client that does not vary with the document; the target copies what one needs."""
