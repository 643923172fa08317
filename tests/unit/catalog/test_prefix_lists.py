from __future__ import annotations

import re

from natless.catalog.prefix_lists import S3_PREFIX_LIST_UNKNOWN, S3_PREFIX_LISTS, is_s3_prefix_list, s3_prefix_list


def test_a_region_has_one_entry_with_an_id_of_the_form_that_ec2_gives() -> None:
    regions = [entry.region for entry in S3_PREFIX_LISTS]
    assert len(set(regions)) == len(regions)
    assert all(re.fullmatch(r"pl-[0-9a-f]{8}", entry.id) for entry in S3_PREFIX_LISTS)


def test_the_ids_that_several_sources_agree_on() -> None:
    assert s3_prefix_list("us-east-1") == "pl-63a5400a"
    assert s3_prefix_list("ap-northeast-2") == "pl-78a54011"


def test_a_region_without_a_source_has_no_id() -> None:
    assert s3_prefix_list("mx-central-1") is None


def test_what_stands_for_s3s_list_is_known_as_it() -> None:
    assert is_s3_prefix_list("pl-63a5400a")
    assert is_s3_prefix_list(S3_PREFIX_LIST_UNKNOWN)
    assert not is_s3_prefix_list("pl-00000000")
