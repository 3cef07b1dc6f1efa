"""Standards, with every clause's threshold, where that comes from and how sure we are of it."""

from fastapi import APIRouter

from cloud.api.deps import READ
from cloud.api.presenters.assessments import standard_detail
from cloud.api.schemas.standards import StandardDetail
from cloud.assessments.editions import edition

router = APIRouter(prefix="/api/v1", tags=["standards"], dependencies=[READ])


@router.get("/standards/{name}", summary="One edition of a standard, with every clause's source")
def get_standard(name: str) -> StandardDetail:
    """Return the edition `id@date`, of an `id` alone the newest."""
    return standard_detail(edition(name))
