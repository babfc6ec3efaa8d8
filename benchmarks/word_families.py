"""Makes bot/entities/families.txt: words that mean alike, by the vectors that MiniLM begins with.

    python -m benchmarks.word_families > bot/entities/families.txt

Only the encoder's table of words is used, no sentence goes through it. Takes a minute.
"""

from typing import Any

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA

from kb_index.models import DEFAULT_MODEL, load_model

DIMENSIONS = 128
SEEDS, FAMILIES, KIN = 1024, 256, 64


def main() -> None:
    words, vectors = word_vectors()
    vectors = normal(PCA(DIMENSIONS, random_state=0).fit_transform(normal(vectors)))
    seeds = KMeans(SEEDS, random_state=0, n_init=1, max_iter=40).fit_predict(vectors)
    centres = np.stack([vectors[seeds == seed].mean(axis=0) for seed in range(SEEDS)])
    families, kin = (
        AgglomerativeClustering(count, linkage="ward").fit_predict(centres)[seeds]
        for count in (FAMILIES, KIN)
    )
    paragraphs = []
    for number in range(KIN):
        lines = {
            family: " ".join(sorted(words[(kin == number) & (families == family)]))
            for family in families[kin == number]
        }
        paragraphs.append("\n".join(sorted(lines.values())))
    print("\n\n".join(sorted(paragraphs)))


def word_vectors() -> tuple[Any, Any]:
    """The whole words of the vocabulary, and their vectors [n, dimension]."""
    model: Any = load_model(DEFAULT_MODEL)
    places = model.tokenizer.get_vocab()
    table = model[0].auto_model.embeddings.word_embeddings.weight.detach().numpy()
    words = [word for word in places if word.isalpha() and len(word) > 1]
    return np.array(words), table[[places[word] for word in words]]


def normal(vectors: Any) -> Any:
    """Around their mean, of length 1."""
    apart = vectors - vectors.mean(axis=0)
    length = np.linalg.norm(apart, axis=1, keepdims=True)
    return apart / length


if __name__ == "__main__":
    main()
