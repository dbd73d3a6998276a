"""`rundum produce`: the files and maps of `ingest`, onto Kafka, for whoever lands them."""

from __future__ import annotations

from pathlib import Path

from sinks.gateway.access import Access
from tests.cluster.shared import Cluster
from tests.grown import grown_project
from tests.living import new_project, typed

PURCHASES = """\
heading
 00001 19970101  1   11.77
 00002 19970112  1   12.00
 00002 19970112  x   77.00
"""


def test_rows_land_over_kafka_good_and_bad(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    (project.root / "p.txt").write_text(PURCHASES)
    for _ in range(2):  # run again to go on: events land once
        code, said = typed(project.root, "produce", "p.txt", "--as", "shop/cdnow/purchase")
        assert code == 0, said.said
        assert "3 rows on topic shop.cdnow" in said.said
    assert typed(project.root, "land")[0] == 0
    with Access(project.store) as access:
        assert access.reader.value("SELECT count(*) FROM shop_cdnow.purchase") == 2
        rejects = "SELECT topic, reason, field FROM ops.rejected"
        assert access.reader.rows(rejects) == [("shop.cdnow", "input_refused", "units")] * 2
        assert access.reader.rows("FROM ops.conservation WHERE NOT balanced") == []


def test_without_a_cluster_it_says_what_is_missing(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    (project.root / "p.txt").write_text(PURCHASES)
    code, said = typed(project.root, "produce", "p.txt", "--as", "shop/cdnow/purchase")
    assert code == 1
    assert "kafka.bootstrap: name the cluster and its registry" in said.error
