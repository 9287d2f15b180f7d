"""Publish a challenger, or enter in the audit trail why not."""

from pathlib import Path
from typing import Annotated, Any

from zenml import log_metadata, step

from stacks.alerts import tell
from steps.folders import discard
from steps.followers import ZenmlStage
from steps.origin import describe_run
from trending.continual.gate import GateVerdict
from trending.errors import MovedError
from trending.releases import ReleaseStore
from trending.releases.audit import AuditTrail
from trending.releases.manifest import read_manifest


@step(enable_cache=False)
def decide_promotion(
    release_bundle: Path, gate_verdict: dict[str, Any], key: str
) -> tuple[Annotated[str, "release_version"], Annotated[dict[str, Any], "final_verdict"]]:
    """Return the version that was published, empty if the challenger was declined, and the verdict that was carried out.

    Args:
        release_bundle: The challenger.
        gate_verdict: `GateVerdict`.
        key: What it was learnt from and judged by, so that a declined one isn't made again.
    """
    verdict = GateVerdict(**gate_verdict)
    store = ReleaseStore.from_settings()
    learnt_as = store.manifest(verdict.champion).learnt_as
    version = ""
    if verdict.decision == "promote":
        try:
            version = store.publish(release_bundle, followers=[ZenmlStage()], replaces=learnt_as, **_tell_why(verdict, key))
            tell(f"Release {version} replaces {verdict.champion}: {verdict.reason}")
        except MovedError as error:
            verdict = verdict.model_copy(update={"decision": "decline", "reason": f"{error.what}, which it was compared with"})
            key = ""  # another comparison may end otherwise
    if not version:
        details = {"champion": learnt_as, "key": key, "new_titles": verdict.new_titles, "broken": verdict.list_broken()}
        AuditTrail.from_store(store).append("declined", manifest=read_manifest(release_bundle), details=details, **_tell_why(verdict, key))
        tell(f"Challenger {verdict.challenger} was declined, {verdict.champion} stays: {verdict.reason}", alarming=True)
    discard(release_bundle)
    log_metadata({"decision": verdict.decision, "reason": verdict.reason, "release": version or "none"})
    return version, verdict.model_dump()


def _tell_why(verdict: GateVerdict, key: str) -> dict[str, Any]:
    """Return what the audit trail says of a decision."""
    return {"reason": verdict.reason, "verdict": verdict.model_dump(mode="json") | verdict.short() | {"key": key}, "run": describe_run()}
