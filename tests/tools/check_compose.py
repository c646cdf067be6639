"""Checks a Compose file against the specification, and that the files which its services mount are there. Prints the names of its services."""

import pathlib
import sys

import compose_spec

path = pathlib.Path(sys.argv[1])
compose = compose_spec.PyCompose.from_yaml(path.read_text())
compose.to_spec()
for check in (compose.validate, compose.validate_networks, compose.validate_volumes):
    check()
for name, service in compose.to_dict()["services"].items():
    for volume in service.get("volumes") or []:
        source = volume.split(":")[0] if isinstance(volume, str) else volume.get("source") or ""
        if source.startswith(".") and not (path.parent / source).exists():
            sys.exit(f"{path}: {name} mounts {source}, which is not there")
    build = service.get("build")
    if isinstance(build, dict):
        context = path.parent / build["context"]
        if not (context / build["dockerfile"]).is_file():
            sys.exit(f"{path}: {name} is built with {build['dockerfile']}, which is not in {context}")
    print(name)
