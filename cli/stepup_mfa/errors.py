"""What a command raises when it cannot do what it was asked."""


class CommandError(Exception):
    """Misuse, or something missing that the caller must put right: ``main`` prints it and exits with 2.

    ``remedy`` says what to do about it, in one line; it is printed below the message.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
