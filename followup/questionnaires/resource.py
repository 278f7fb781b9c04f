"""The FHIR R4 JSON of a questionnaire as it comes in: shapes only, one element at a time.

Elements that change what an answer means and that we cannot follow are named in ``refused``;
all others that we do not use are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from followup.questionnaires.definition import Scalar, Texts

OURS = "urn:aftercall:"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"
MAX_DECIMALS = "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
UNIT_OPTION = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption"
UNIT_SET = "http://hl7.org/fhir/StructureDefinition/questionnaire-unitValueSet"
VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable"
WEIGHTS = tuple("http://hl7.org/fhir/StructureDefinition/" + name for name in (
    "ordinalValue", "itemWeight", "questionnaire-ordinalValue"))
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
CALCULATED = SDC + "calculatedExpression"
MIN_QUANTITY = SDC + "minQuantity"
MAX_QUANTITY = SDC + "maxQuantity"
MAX_OCCURS = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs"
MIN_OCCURS = "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs"
EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
HIDDEN = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden"


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number", "a number")
    return Decimal(str(value))


def _iso_date(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 10:
        raise PydanticCustomError("date", "a date such as 2026-03-05")
    return value


Number = Annotated[Decimal, BeforeValidator(_number), Field(allow_inf_nan=False)]
Day = Annotated[date, BeforeValidator(_iso_date)]
Text = Annotated[StrictStr, Field(min_length=1, max_length=2000)]


class Element(BaseModel):
    """Anything with extensions."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    extension: list[Extension] = Field(default_factory=list)

    def having(self, url: str) -> Iterator[Extension]:
        """The extensions of that url."""
        return (each for each in self.extension if each.url == url)

    def first(self, url: str) -> Extension | None:
        """The first extension of that url."""
        return next(self.having(url), None)


class Coding(Element):
    """A code; ``display`` is what is said and shown."""

    system: StrictStr | None = None
    code: StrictStr | None = None
    display: Text | None = None
    display_: Element | None = Field(None, alias="_display")


class Expression(Element):
    """A text in a language of expressions, perhaps with a name."""

    name: StrictStr | None = None
    language: StrictStr | None = None
    expression: StrictStr | None = None


class Quantity(Element):
    """A number of a unit."""

    value: Number | None = None
    comparator: StrictStr | None = None
    system: StrictStr | None = None
    code: StrictStr | None = None

    @property
    def exact(self) -> Decimal | None:
        """The number; None where it is but a bound, as in "less than 5"."""
        return None if self.comparator else self.value


class Valued(Element):
    """A value[x], with the kinds of value that answers and extensions have."""

    boolean: StrictBool | None = Field(None, alias="valueBoolean")
    integer: StrictInt | None = Field(None, alias="valueInteger")
    decimal: Number | None = Field(None, alias="valueDecimal")
    day: Day | None = Field(None, alias="valueDate")
    string: Text | None = Field(None, alias="valueString")
    string_: Element | None = Field(None, alias="_valueString")
    code: StrictStr | None = Field(None, alias="valueCode")
    coding: Coding | None = Field(None, alias="valueCoding")
    quantity: Quantity | None = Field(None, alias="valueQuantity")

    @property
    def scalar(self) -> Scalar | None:
        """Its value, whichever of value[x] it is; none of a quantity, which has a unit, too."""
        for each in (self.boolean, self.integer, self.decimal, self.day, self.string, self.code):
            if each is not None:
                return each
        return self.coding.code if self.coding else None


class Extension(Valued):
    """One extension."""

    url: StrictStr
    expression: Expression | None = Field(None, alias="valueExpression")


class EnableWhen(Element):
    """One condition."""

    question: StrictStr
    operator: StrictStr
    boolean: StrictBool | None = Field(None, alias="answerBoolean")
    integer: StrictInt | None = Field(None, alias="answerInteger")
    decimal: Number | None = Field(None, alias="answerDecimal")
    day: Day | None = Field(None, alias="answerDate")
    string: StrictStr | None = Field(None, alias="answerString")
    coding: Coding | None = Field(None, alias="answerCoding")
    quantity: Quantity | None = Field(None, alias="answerQuantity")

    @property
    def scalar(self) -> Scalar | None:
        """The answer to compare with."""
        exact = self.quantity.exact if self.quantity else None
        for each in (self.boolean, self.integer, self.decimal, self.day, self.string, exact):
            if each is not None:
                return each
        return self.coding.code if self.coding else None


class AnswerOption(Element):
    """One option of a choice."""

    coding: Coding | None = Field(None, alias="valueCoding")
    string: Text | None = Field(None, alias="valueString")
    string_: Element | None = Field(None, alias="_valueString")
    integer: StrictInt | None = Field(None, alias="valueInteger")
    selected: StrictBool = Field(False, alias="initialSelected")


class ItemElement(Element):
    """One item; ``item`` is left raw so that each is judged by itself."""

    link_id: StrictStr | None = Field(None, alias="linkId")
    type: StrictStr | None = None
    text: Text | None = None
    text_: Element | None = Field(None, alias="_text")
    required: StrictBool = False
    repeats: StrictBool = False
    read_only: StrictBool = Field(False, alias="readOnly")
    initial: list[Valued] = Field(default_factory=list)
    enable_when: list[EnableWhen] = Field(default_factory=list, alias="enableWhen")
    enable_behavior: StrictStr | None = Field(None, alias="enableBehavior")
    answer_option: list[AnswerOption] = Field(default_factory=list, alias="answerOption")
    item: list[Any] = Field(default_factory=list)


class QuestionnaireElement(Element):
    """The resource itself."""

    resource_type: StrictStr | None = Field(None, alias="resourceType")
    url: Text | None = None
    version: Text | None = None
    title: Text | None = None
    status: StrictStr | None = None
    language: StrictStr | None = None
    item: list[Any] = Field(default_factory=list)


def base_language(code: str) -> str:
    """``zh-CN`` -> ``zh``; Cantonese, by either of its usual tags, -> ``yue``."""
    return "yue" if code.lower() in ("zh-hk", "zh-yue", "yue-hk") else code.lower().split("-")[0]


def texts(plain: str | None, extra: Element | None, language: str) -> Texts:
    """A text and its translations by the standard extension, by language."""
    found = {language: plain} if plain else {}
    for translation in extra.having(TRANSLATION) if extra else ():
        code, content = translation.first("lang"), translation.first("content")
        if code and content and (code.code or code.string) and content.string:
            found[base_language(code.code or code.string or "")] = content.string
    return found


def strings(element: Element, url: str) -> Sequence[str]:
    """The values of every extension of that url that holds a string or a code."""
    return [each.string or each.code or "" for each in element.having(url)]
