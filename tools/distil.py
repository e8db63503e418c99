#!/usr/bin/env python3
# Provenance: this script made crates/pulsedb-model/data/minilm-static-256.bin from sentence-transformers' all-MiniLM-L6-v2
# (Apache-2.0). The script is MIT like this repository; what it makes is derived from the model and stays under the
# model's licence too (crates/pulsedb-model/NOTICE). Nothing here runs in a build: the table is committed.
"""Distils a static token table from a sentence-transformer directory (config.json, tokenizer.json, model.safetensors), here all-MiniLM-L6-v2 (Apache-2.0).
usage: distil.py MODEL_DIR OUT [DIM]      needs numpy, tokenizers, torch, transformers

Recipe (Model2Vec, Tulkens & van Dongen 2024): the mean of the last hidden states of "[CLS] token [SEP]" for every vocabulary token, centred, PCA to DIM, scaled by smooth
inverse frequency a / (a + p) with a = 1e-4 and p by Zipf's law over the vocabulary's order, quantised to i8 by row.
A text's vector is the sum of its tokens' rows (WordPiece, lower-cased, no special tokens), normalised; an empty sum is no vector.
Format STB1, little-endian: magic "STB1", u32 rows, u32 dim, u32 vocabulary bytes; the vocabulary joined by newlines; rows x f16 scale; rows x dim i8."""
import re, struct, sys
import numpy as np

model_dir, out, dim = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 256
from tokenizers import Tokenizer
import torch
from transformers import AutoModel
torch.set_num_threads(1)
tokenizer = Tokenizer.from_file(f"{model_dir}/tokenizer.json")
words = [w for w, _ in sorted(tokenizer.get_vocab().items(), key=lambda x: x[1])]
kept = np.array([not re.fullmatch(r"\[.*\]", w) for w in words])
model = AutoModel.from_pretrained(model_dir, local_files_only=True).eval()
cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
vectors = np.zeros((len(words), model.config.hidden_size), np.float32)
with torch.inference_mode():
    for start in range(0, len(words), 512):
        ids = torch.tensor([[cls, i, sep] for i in range(start, min(start + 512, len(words)))])
        vectors[start : start + 512] = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.mean(1).numpy()
mean = vectors[kept].mean(0)
_, basis = np.linalg.eigh(np.cov((vectors[kept] - mean).T))
p = 1 / np.arange(2, kept.sum() + 2)
p /= p.sum()
table = ((vectors[kept] - mean) @ basis[:, ::-1][:, :dim] * (1e-4 / (1e-4 + p))[:, None]).astype(np.float32)
scale = np.abs(table).max(1) / 127
rows = np.zeros_like(table, np.int8)
rows[scale > 0] = np.clip(np.rint(table[scale > 0] / scale[scale > 0, None]), -127, 127)
vocabulary = "\n".join(w for w, k in zip(words, kept) if k).encode()
with open(out, "wb") as f:
    f.write(b"STB1" + struct.pack("<III", len(table), dim, len(vocabulary)) + vocabulary + scale.astype(np.float16).tobytes() + rows.tobytes())
