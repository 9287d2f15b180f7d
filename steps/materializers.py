"""How the project's own types are stored as artifacts: genre models in the files they save themselves, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.utils import io_utils

from trending.models import GenreModel, load_model


class GenreModelMaterializer(BaseMaterializer):
    """Stores a genre model as its folder of JSON, safetensors and UBJ files."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (GenreModel,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: GenreModel) -> None:
        """Write the model's files into the artifact."""
        with self.get_temporary_directory(delete_at_exit=True) as directory:
            data.save(Path(directory))
            io_utils.copy_dir(str(directory), self.uri, overwrite=True)

    def load(self, data_type: type[Any]) -> GenreModel:
        """Read the model back."""
        with self.get_temporary_directory(delete_at_exit=True) as directory:
            io_utils.copy_dir(self.uri, str(directory), overwrite=True)
            return load_model(Path(directory))

    def extract_metadata(self, data: GenreModel) -> dict[str, Any]:
        """Show kind and hyper-parameters in the dashboard."""
        return {"kind": data.kind, **data.params}
