"""Who follows a release that has become current: ZenML, whose model version moves to the stage `production`."""

from __future__ import annotations

from trending.releases.manifest import Manifest


class ZenmlStage:
    """The stage of the model version that a release came out of."""

    name = "ZenML"

    def follow(self, manifest: Manifest) -> str:
        """Move it to `production`, and whichever was there away; a release that came out of no run here moves nothing."""
        # By the names in the manifest: a bundle from the cache belongs to the run that built it, not to the one that publishes it.
        origin = manifest.zenml
        if not origin.model_name:
            return "nothing to do: it was built without ZenML"
        from zenml.client import Client
        from zenml.enums import ModelStages

        try:
            version = Client().get_model_version(origin.model_name, origin.model_version)
        except KeyError:
            return f"nothing to do: {origin.model_name}:{origin.model_version} isn't known here"
        version.set_stage(ModelStages.PRODUCTION, force=True)
        return f"{origin.model_name}:{origin.model_version} is in {ModelStages.PRODUCTION.value}"
