"""The pieces of the view that the Python templates see, and the settings that the document does not hold."""

from dataclasses import dataclass

__all__ = [
    "ClientNames",
    "PyAnswer",
    "PyArgument",
    "PyError",
    "PyErrorField",
    "PyOperation",
    "PythonSettings",
    "TransportArgument",
    "TransportOperation",
]


@dataclass(frozen=True, slots=True)
class PyArgument:
    """An argument of a method; ``shape`` and ``annotation`` are source, ``doc`` is text."""

    name: str
    wire: str
    place: str
    annotation: str
    default: str
    shape: str
    required: bool
    secret: bool
    doc: str


@dataclass(frozen=True, slots=True)
class PyError:
    """An error class for the refusals that carry ``code``."""

    name: str
    doc: str
    code: str


@dataclass(frozen=True, slots=True)
class PythonSettings:
    """What the document does not say: the names of package and class, the prefix of environment variables."""

    distribution: str = "stepup-mfa-client"
    package: str = "stepup_mfa_client"
    client: str = "StepUpMfa"
    environment: str = "STEPUP_MFA"
    version: str = "0.1.0"
    sample_name: str = "auth"
    description: str = "Client for the Step-Up MFA API that fails closed"


@dataclass(frozen=True, slots=True)
class TransportArgument:
    """An argument of a request builder: its name there, and the parameter it stands for."""

    name: str
    place: str
    wire: str
    required: bool


@dataclass(frozen=True, slots=True)
class TransportOperation:
    """Where openapi-python-client put the request builder of an operation, and what it takes."""

    module: str
    body_class: str
    arguments: tuple[TransportArgument, ...]

    @property
    def has_optional(self) -> bool:
        return any(not argument.required for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class ClientNames:
    client: str
    async_client: str
    root: str


@dataclass(frozen=True, slots=True)
class PyAnswer:
    """A success: its status and, as source, its body."""

    status: str
    body: str


@dataclass(frozen=True, slots=True)
class PyErrorField:
    """An attribute of errors: read from the first of ``wires`` that a body has."""

    name: str
    annotation: str
    reader: str
    wires: tuple[str, ...]
    is_text_map: bool
    in_summary: bool


@dataclass(frozen=True, slots=True)
class PyOperation:
    name: str
    constant: str
    title: str
    doc: str
    arguments: tuple[PyArgument, ...]
    keyword_only: bool
    answers: tuple[PyAnswer, ...]
    returns: str
    credentials: str
    repeatable: bool
    example: str
    transport: TransportOperation

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(argument.name for argument in self.arguments if argument.secret)
