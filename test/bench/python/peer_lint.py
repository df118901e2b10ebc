"""dbt-core-interface, warm, in one process: its lint as its own server calls it. Run in the project's folder."""

from pathlib import Path

from json_loop import serve

state = {}


def answer(request):
    # Imported here, after the protocol's streams are safe from prints.
    from dbt_core_interface import DbtProject

    if "project" not in state:
        state["project"] = DbtProject(project_dir=".", profiles_dir=".")
    project = state["project"]
    if request["how"] == "file":
        records = project.lint(Path(request["path"]))
    elif request["how"] == "jinja":
        # A project whose .sqlfluff does not ask for dbt: SQLFluff's own Jinja templater, which knows no ref or macro of it.
        config = project.get_sqlfluff_configuration(require_dialect=False, nocolor=True, templater="jinja")
        records = project.lint(request["text"], fluff_conf=config)
    else:
        records = project.lint(request["text"])
    messages = [violation["description"] for record in records for violation in record["violations"]]
    return {"messages": messages}


serve(answer)
