"""The procedure: every step that was taken, and the next one. There is no way to take one back."""

from fastapi import APIRouter

from cloud.api.deps import READ

router = APIRouter(prefix="/api/v1/procedure", tags=["procedure"], dependencies=[READ])
