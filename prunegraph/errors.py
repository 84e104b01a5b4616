"""The exceptions that are meant for the user's eyes."""


class UserError(ValueError):
    """A mistake the user can repair.

    The message is one or two sentences: what was found, what was expected, what
    to do. The workflow prints it without a traceback; library callers can
    catch it as a ValueError.
    """


class Interrupted(Exception):
    """Work was stopped on request before its end, and can go on from where it is; the message says how."""
