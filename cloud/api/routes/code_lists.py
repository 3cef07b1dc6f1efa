"""The code lists, with their sources."""

from fastapi import APIRouter

from cloud.api.deps import READ
from cloud.api.schemas.common import CodeItem, CodeList
from cloud.registry.codes.statistics import CODE_LISTS

router = APIRouter(prefix="/api/v1", tags=["code lists"], dependencies=[READ])


@router.get("/code-lists", summary="Every code list, with its source and how sure it is")
def code_lists() -> list[CodeList]:
    """Return the code lists of the ledger and the register of schools."""
    return [
        CodeList(
            id=one.id,
            title_zh=one.title_zh,
            title_en=one.title_en,
            source=one.source,
            confidence=one.confidence,
            is_complete=one.is_complete,
            items=[CodeItem(code=item.code, zh=item.zh, en=item.en) for item in one.items],
        )
        for one in CODE_LISTS
    ]
