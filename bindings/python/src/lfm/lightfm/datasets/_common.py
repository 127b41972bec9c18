"""Where files of data sets are kept, and how they get there."""
from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Optional


def get_data_dir() -> str:
    """The folder that is used when none is given."""
    return os.path.join(os.path.expanduser('~'), 'lightfm_data')


def create_data_dir(path: Any) -> None:
    os.makedirs(path, exist_ok=True)


def download(url: str, dest_path: Any) -> None:
    """Fetch a file; it appears whole or not at all. Raises IOError."""
    import urllib.request  # which takes as long as this whole package

    folder = os.path.dirname(os.path.abspath(dest_path))
    with urllib.request.urlopen(url, timeout=60) as response:
        handle, part = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, 'wb') as file:
                shutil.copyfileobj(response, file)
            os.replace(part, dest_path)
        except BaseException:
            os.unlink(part)
            raise


def get_data(data_home: Optional[Any], url: str, dest_subdir: str, dest_filename: str,
             download_if_missing: bool) -> str:
    """The path of a file that is there already or could be fetched. Raises IOError when it is neither."""
    home = get_data_dir() if data_home is None else os.path.abspath(data_home)
    path = os.path.join(home, dest_subdir, dest_filename)
    if not os.path.isfile(path):
        if not download_if_missing:
            raise IOError(f'{path} is missing, and download_if_missing is not set')
        create_data_dir(os.path.dirname(path))
        try:
            download(url, path)
        except Exception as error:
            raise IOError(f'{path} is missing and cannot be fetched from {url}: {error}') from error
    return path
