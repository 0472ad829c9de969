"""Unpacks a zip as Lambda does: links and modes are kept. usage: unzip.py ZIP FOLDER"""

import os
import stat
import sys
import zipfile

archive, folder = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
for entry in archive.infolist():
    path, mode = os.path.join(folder, entry.filename), entry.external_attr >> 16
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if stat.S_ISLNK(mode):
        os.symlink(archive.read(entry), path)
    else:
        with open(path, "wb") as file:
            file.write(archive.read(entry))
        os.chmod(path, mode & 0o777)
