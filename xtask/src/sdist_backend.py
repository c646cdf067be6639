"""Stands in for the build backend of a source archive, so that pip can fetch one without building anything.

`pip download` asks a source archive for its name and version before it keeps the file, through the archive's build backend. That
would fetch compilers and run the package's code. Source archives carry the answer in PKG-INFO; this module only hands it over.
"""

import email
import os
import shutil


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        info = email.message_from_file(file)
    folder = f"{info['Name'].replace('-', '_')}-{info['Version']}.dist-info"
    os.makedirs(os.path.join(metadata_directory, folder))
    shutil.copy("PKG-INFO", os.path.join(metadata_directory, folder, "METADATA"))
    return folder


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise RuntimeError("this archive is fetched for its data files and never built")
