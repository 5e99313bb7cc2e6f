"""The one base class of failures that a person can put right."""


class Failure(Exception):
    """Something failed that no pass can handle; the message says where, what, and what to do."""
