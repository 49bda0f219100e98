"""JSON Schema, as far as our own schemas need it."""


def check(value, schema, schemas=()):
    """Check the few JSON Schema words that our schemas use."""
    if "$ref" in schema:
        return check(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "anyOf" in schema:
        return any(check(value, option, schemas) for option in schema["anyOf"])
    kinds = {
        "string": isinstance(value, str),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
    }
    wanted = schema.get("type", list(kinds))
    if not any(kinds[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if kinds["number"]:
        return schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if kinds["array"]:
        return all(check(item, schema["items"], schemas) for item in value)
    if kinds["object"] and "properties" in schema:
        names = set(value)
        if not set(schema.get("required", ())) <= names <= set(schema["properties"]):
            return False
        return all(check(value[n], schema["properties"][n], schemas) for n in names)
    return True
