"""dbt Power User's engine, warm, in one process: what its preview of compiled SQL does for each text. Run in the project's
folder with the engine's Python folder in POWER_USER_ENGINE."""

import os
import sys

from json_loop import serve

state = {}


def answer(request):
    # Imported here, after the protocol's streams are safe from prints.
    sys.path.insert(0, os.environ["POWER_USER_ENGINE"])
    from dbt_core_integration import DbtProject, default_profiles_dir
    from dbt_utils import to_dict

    project_dir = os.getcwd()
    if "project" not in state:
        state["project"] = DbtProject(project_dir=project_dir, profiles_dir=default_profiles_dir(project_dir))
    project = state["project"]
    # The view refreshes the project's configuration before each compile (refreshProjectConfig, unsafeCompileQuery).
    project.init_project()
    name = os.path.splitext(os.path.basename(request["path"]))[0]
    return {"messages": [to_dict(project.compile_sql(request["text"], name))["compiled_sql"]]}


serve(answer)
