#!/usr/bin/env python3
"""Records what Jinja2 itself makes of the templates in cases.txt, as cases.json.

Run by hand when cases are added: python3 record.py (needs the jinja2 package, 3.1). The product and its tests do not
need Python: the tests read cases.json.

cases.txt holds one case a line, or several lines between "<<<" and ">>>". "@file NAME" begins a block that is a template
other cases can load. "@context" begins a block of JSON: the context of the cases behind it. "#" begins a comment line.
"""
import json
import os
import re
import sys

import jinja2
import jinja2.sandbox

HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    files, cases, context = {}, [], {}
    lines = iter(open(path, encoding="utf-8").read().split("\n"))

    def block():
        body = []
        for line in lines:
            if line == ">>>":
                return "\n".join(body)
            body.append(line)
        raise SystemExit("block without end")

    for line in lines:
        if not line or line.startswith("#!") or line.startswith("# "):
            continue
        if line.startswith("@file "):
            files[line[6:]] = block()
        elif line == "@context":
            context = json.loads(block())
        elif line == "<<<":
            cases.append((block(), context))
        else:
            cases.append((line, context))
    return files, cases


def main():
    files, cases = read(os.path.join(HERE, "cases.txt"))
    results = []
    contexts = []
    for text, context in cases:
        if context not in contexts:
            contexts.append(context)
        for trim in (False, True) if "@@" in text else (False,):
            environment = jinja2.sandbox.SandboxedEnvironment(
                undefined=jinja2.StrictUndefined,
                extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
                loader=jinja2.DictLoader(files),
                trim_blocks=trim,
                lstrip_blocks=trim,
            )
            case = {"template": text, "context": contexts.index(context)}
            if trim:
                case["trim"] = True
            try:
                case["output"] = environment.from_string(text).render(json.loads(json.dumps(context)))
            except Exception as error:
                case["error"] = type(error).__name__ + ": " + str(error)
            results.append(case)
    document = {"files": files, "contexts": contexts, "cases": results}
    with open(os.path.join(HERE, "cases.json"), "w", encoding="utf-8") as out:
        json.dump(document, out, ensure_ascii=False, indent=1)
        out.write("\n")
    print(len(results), "cases,", sum("error" in case for case in results), "of them errors")


main()
