"""Accuracy on unlike pictures in JSON: its keys, the way back, and files of earlier versions."""

from discern.evaluating import DistanceBin, Interval, LookalikePair, Metrics, UnlikeAccuracy, UnlikeEvidence


def test_the_keys_are_those_of_the_contract():
    plain = UnlikeAccuracy(value=0.5, low=0.4, high=0.6, share=1.0, alarm=True).to_json()
    assert plain == {"value": 0.5, "low": 0.4, "high": 0.6, "note": None, "share": 1.0, "alarm": True}
    assert UnlikeAccuracy(note="too few").to_json()["alarm"] is None


def test_the_evidence_survives_the_way_through_json():
    evidence = UnlikeEvidence(
        ordinary=0.9,
        fall=0.4,
        controls=(0.1, 0.2),
        clusters=32,
        curve=(DistanceBin(low=0.1, high=0.2, pictures=30, accuracy=Interval(value=0.9)),),
        pairs=(LookalikePair(path="a.jpg", nearest="b.jpg", distance=0.1),),
    )
    plain = Metrics(unlike=evidence).to_json()
    assert Metrics.from_json(plain).unlike == evidence


def test_metrics_of_earlier_versions_have_none():
    metrics = Metrics.from_json({"accuracy": {"leak_free": {"value": 0.9}}})
    assert metrics.accuracy.unlike is None
    assert metrics.unlike is None
    assert "unlike" not in metrics.accuracy.to_json()
