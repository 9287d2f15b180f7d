"""The network: encoder, mean over the tokens, length 1, and one linear output per genre. Imported by the fine-tuning process alone."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModel


class GenreNetwork(torch.nn.Module):
    """Because pooling and head are linear, a score is a sum over tokens, which is the evidence that predictions show."""

    def __init__(self, weights: Path, genres: int, dropout: float, attention: str = "sdpa") -> None:
        """Take the folder of the pre-trained encoder."""
        super().__init__()
        self.encoder = AutoModel.from_pretrained(weights, attn_implementation=attention, local_files_only=True)
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, genres)

    def embed(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return a vector of length 1 per text, shape (n, dims)."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return torch.nn.functional.normalize(mean.float(), dim=1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (n, genres)."""
        logits: torch.Tensor = self.head(self.dropout(self.embed(ids, mask)))
        return logits

    def layers(self) -> list[list[torch.nn.Parameter]]:
        """Return the encoder's parameters from the embeddings up: the lower, the more general and the less to be changed."""
        return [list(self.encoder.embeddings.parameters()), *(list(layer.parameters()) for layer in self.encoder.encoder.layer)]


class ServedNetwork(torch.nn.Module):
    """What is exported: one text of any length, without mask."""

    def __init__(self, network: GenreNetwork) -> None:
        """Take the fine-tuned network."""
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits, shape (n, genres), and what each token adds to them, shape (n, tokens, genres); the head's bias belongs to none."""
        states = self.network.encoder(input_ids=input_ids).last_hidden_state
        length = torch.linalg.vector_norm(states.mean(dim=1, keepdim=True), dim=2, keepdim=True)
        shares = torch.matmul(states / (length * states.shape[1]), self.network.head.weight.T)
        return shares.sum(dim=1) + self.network.head.bias, shares
