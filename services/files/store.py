"""The object store: the only importer of minio. Signing an address is arithmetic; the rest goes over the network.

Keys are ``<team>/<128 random bits>``: never a name a person chose, never written twice.
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from services.chassis.problems import Unavailable
from services.files import rules
from services.files.settings import Settings, settings

log = logging.getLogger(__name__)
REGION = "us-east-1"  # said here, so that signing never asks the server
TROUBLES = (MinioException, urllib3.exceptions.HTTPError, OSError)


class Store:
    """One bucket of an S3 store, seen from inside (``s3_endpoint``) and signed for outside (``s3_public_url``)."""

    def __init__(self, found: Settings) -> None:
        self._bucket = found.s3_bucket
        self._inside = _client(found, found.s3_endpoint)
        self._outside = _client(found, found.s3_public_url)

    @staticmethod
    def new_key(team_id: str) -> str:
        """A key nobody can guess."""
        return f"{team_id}/{secrets.token_hex(16)}"

    def put_url(self, key: str, now: datetime) -> str:
        """Permission to write this object, for five minutes."""
        return str(self._outside.get_presigned_url("PUT", self._bucket, key, expires=rules.LINK_LIFE, request_date=now))

    def get_url(self, key: str, name: str, content_type: str, now: datetime) -> str:
        """Permission to fetch this object as a download of that name, for five minutes."""
        said: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": rules.disposition(name),
            "response-content-type": content_type,
        }
        return str(
            self._outside.get_presigned_url(
                "GET", self._bucket, key, expires=rules.LINK_LIFE, response_headers=said, request_date=now
            )
        )

    def look_at(self, key: str) -> rules.Stored | None:
        """What the store has under this key; None when there is nothing. Raises Unavailable when the store is away."""
        try:
            found = self._inside.stat_object(self._bucket, key)
            return rules.Stored(int(found.size or 0), found.etag or "")
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject"):
                return None
            raise _away() from error
        except TROUBLES as error:
            raise _away() from error

    def remove(self, key: str) -> None:
        """Delete the object; one that is not there is as good. Raises Unavailable when the store is away."""
        try:
            self._inside.remove_object(self._bucket, key)
        except TROUBLES as error:
            raise _away() from error

    def make_sure_of_bucket(self, tries: int = 5) -> bool:
        """Make the bucket if it is not there; False when the store stays away or does not let us."""
        for left in reversed(range(tries)):
            try:
                if not self._inside.bucket_exists(self._bucket):
                    self._inside.make_bucket(self._bucket)
            except TROUBLES as error:
                log.warning("bucket %s: %s, %d more tries", self._bucket, type(error).__name__, left)
                time.sleep(1 if left else 0)
            else:
                return True
        return False


def _away() -> Unavailable:
    return Unavailable("store_away", "The file store is away for a moment. Try again.")


def _client(found: Settings, url: str) -> Minio:
    at = urlsplit(url)
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=3), retries=False, maxsize=found.workers)
    return Minio(
        at.netloc,
        access_key=found.s3_access_key,
        secret_key=found.s3_secret_key,
        secure=at.scheme == "https",
        region=REGION,
        http_client=pool,
    )


@cache
def store() -> Store:
    """This process' store."""
    return Store(settings())
