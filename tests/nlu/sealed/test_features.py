import numpy as np
import pytest

from bot.nlu.features import NGrams, character_spans

TEXTS = ["身份证丢了", "身份证到期了", "户口本丢了", "丢了丢了丢了", ""]


@pytest.mark.parametrize("least", [1, 2])
def test_that_a_message_has_the_row_that_it_was_learnt_with(least: int) -> None:
    documents = [character_spans(text) for text in TEXTS]
    grams, rows = NGrams.fit(documents, min_documents=least)
    assert list(grams.columns) == sorted(grams.columns)
    assert rows.shape == (len(TEXTS), len(grams.columns))
    for number, document in enumerate(documents):
        columns, weights = grams.row(document)
        read = np.zeros(len(grams.columns), dtype=np.float32)
        read[columns] = weights
        assert np.allclose(rows[number].toarray()[0], read, atol=1e-6)


def test_that_an_n_gram_of_few_messages_is_no_feature_and_a_rare_one_weighs_more() -> None:
    documents = [character_spans(text) for text in TEXTS]
    grams, _ = NGrams.fit(documents, min_documents=2)
    assert "身份证" in grams.columns
    assert "户口本" not in grams.columns
    assert grams.idf[grams.columns["身份证"]] > grams.idf[grams.columns["丢了"]]
