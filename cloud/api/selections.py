"""Selections: made once, never changed; who is in, why, and the least it would take."""

from fastapi import APIRouter

from cloud.api.deps import READ

router = APIRouter(prefix="/api/v1/selections", tags=["selections"], dependencies=[READ])
