"""The one exception that is meant for the user's eyes."""


class UserError(ValueError):
    """A mistake the user can repair.

    The message is one or two sentences: what was found, what was expected, what
    to do. The workflow prints it without a traceback; library callers can
    catch it as a ValueError.
    """
