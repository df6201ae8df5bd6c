"""Judges YAML files by a JSON Schema, with Debian's own Python: schema_check.py SCHEMA FILE... prints {file: [what is wrong]}."""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's idea of truth: `off` and `no` are words."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def main():
    with open(sys.argv[1]) as file:
        schema = json.load(file)
    judge = jsonschema.validators.validator_for(schema)
    judge.check_schema(schema)
    found = {}
    for name in sys.argv[2:]:
        with open(name) as file:
            document = yaml.load(file, Loader)
        found[name] = ["/".join(map(str, error.absolute_path)) + ": " + error.message for error in judge(schema).iter_errors(document)]
    print(json.dumps(found))


main()
