"""Failures that a person can put right."""


class Failure(Exception):  # noqa: N818  # not an error of the program: something a person can put right
    """Something failed that no pass can handle; the message says where, what, and what to do."""


class WrongUsage(Failure):
    """What the program was given can't be meant as it is: the same as a wrong flag."""
