"""dbt-core-interface, warm, in one process: its compile of unsaved text. Run in the project's folder."""

from json_loop import serve

state = {}


def answer(request):
    # Imported here, after the protocol's streams are safe from prints.
    from dbt_core_interface import DbtProject

    if "project" not in state:
        state["project"] = DbtProject(project_dir=".", profiles_dir=".")
    return {"messages": [state["project"].compile_sql(request["text"]).compiled_code]}


serve(answer)
