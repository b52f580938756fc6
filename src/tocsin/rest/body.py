"""Reading request bodies into pydantic models.

1. Unknown and read-only members are ignored (core:K8).
2. null means "as if not given" for a member that cannot be null; on PUT that clears it to its default.
3. On PUT the given members are laid over the present ones and the whole is checked: one model serves both.
"""

from collections.abc import Mapping
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tocsin.core.errors import Invalid

B = TypeVar("B", bound=BaseModel)


class Body(BaseModel):
    """A request body: lenient about what it does not know, strict about what it does."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if value is not None or _nullable(cls, name)}

    def changed(self, **members: Any) -> Self:
        """The same with other members."""
        return self.model_copy(update=members)


def _nullable(model: type[BaseModel], name: str) -> bool:
    member = model.model_fields.get(name)
    return member is not None and type(None) in get_args(member.annotation)


class Pointer(Body):
    """A reference in a request: only its id counts, and its type where several are allowed."""

    id: str
    type: str = ""


def read(model: type[B], given: Any, over: Mapping[str, Any] | None = None) -> B:
    """`given` (laid over the present members, if any) as `model`; `Invalid` lists every problem."""
    if not isinstance(given, Mapping):
        raise Invalid("the body must be an object")
    try:
        return model.model_validate({**(over or {}), **given})
    except ValidationError as error:
        raise Invalid(problems(error)) from None


def problems(error: ValidationError) -> list[str]:
    """Every problem in the wire's manner: `name is required`, `num_loops should be less than or equal to 9`."""
    return [_line(problem) for problem in error.errors(include_url=False, include_context=False, include_input=False)]


def _line(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{name} is required"
    said = problem["msg"].removeprefix("Value error, ")
    for subject in ("Input ", "String ", "List ", "Dictionary ", "Value "):
        said = said.removeprefix(subject)
    return f"{name} {said}" if name else said
