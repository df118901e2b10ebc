"""dbt's structured events, as the lines of its JSON log, without what nobody reads."""

from __future__ import annotations

from typing import Any

from floe_dbt_worker.protocol import Channel

_NODE_EVENTS = {
    "NodeStart",
    "NodeFinished",
    "LogStartLine",
    "LogHookStartLine",
    "LogHookEndLine",
    "GenericExceptionOnRun",
    "ConcurrencyLine",
}
_KEPT_DATA = ("node_info", "run_result", "node_count", "status", "execution_time", "exc")
_LONGEST_MESSAGE = 100_000


class RunEvents:
    """`take` is called on dbt's threads."""

    def __init__(self, channel: Channel, request: int, manifest: Any) -> None:
        """@param manifest: the one that is run, where it is known: it says where nodes are"""
        self._channel = channel
        self._request = request
        self._manifest = manifest

    def take(self, event: Any) -> None:
        info = event.info
        level = str(info.level).rsplit(".", 1)[-1].lower()
        if level == "debug" and info.name not in _NODE_EVENTS:
            return
        from google.protobuf.json_format import MessageToDict

        data: dict[str, Any] = {}
        for name in _KEPT_DATA:
            if not hasattr(event.data, name):
                continue
            value = getattr(event.data, name)
            data[name] = (
                MessageToDict(value, preserving_proto_field_name=True)
                if hasattr(value, "DESCRIPTOR")
                else value
            )
        node = data.get("node_info")
        if not node or not node.get("unique_id"):
            data.pop("node_info", None)
        else:
            node.pop("meta", None)
            self._add_place(node)
        self._channel.send(
            {
                "id": self._request,
                "event": "dbt",
                "line": {
                    "info": {
                        "name": info.name,
                        "level": level,
                        "msg": info.msg[:_LONGEST_MESSAGE],
                        "invocation_id": info.invocation_id,
                    },
                    "data": data,
                },
            }
        )

    def _add_place(self, node: dict[str, Any]) -> None:
        if self._manifest is None:
            return
        key = node["unique_id"]
        found = self._manifest.nodes.get(key) or getattr(self._manifest, "unit_tests", {}).get(key)
        if found is None:
            return
        node["original_file_path"] = found.original_file_path
        compiled = getattr(found, "compiled_path", None)
        if compiled:
            node["compiled_path"] = compiled
