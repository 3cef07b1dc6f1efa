"""The code lists, with their sources."""

from fastapi import APIRouter

from cloud.api.deps import READ
from cloud.api.presenters.text import localized_text
from cloud.api.schemas.code_lists import CodeItem, CodeList
from cloud.localized_text import LocalizedText
from cloud.registry.codes.statistics import CODE_LISTS

router = APIRouter(prefix="/api/v1", tags=["code lists"], dependencies=[READ])


@router.get("/code-lists", summary="Every code list, with its source and how sure it is")
def list_code_lists() -> list[CodeList]:
    """Return the code lists of the ledger and the register of schools."""
    return [
        CodeList(
            id=code_list.id,
            title=localized_text(LocalizedText(code_list.title_zh, code_list.title_en)),
            source=code_list.source,
            confidence=code_list.confidence,
            is_complete=code_list.is_complete,
            items=[CodeItem(code=item.code, name=localized_text(item)) for item in code_list.items],
        )
        for code_list in CODE_LISTS
    ]
