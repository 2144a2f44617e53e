"""Tags of monitors: kept, listed and filtered by."""


def test_tags_are_kept_listed_and_filtered_by(api, make_monitor, stranger):
    make_monitor("A", tags=["prod", "eu"])
    make_monitor("B", tags=["prod"])
    make_monitor("C")
    assert api.get("/api/tags").json() == {
        "items": [{"name": "eu", "monitors": 1}, {"name": "prod", "monitors": 2}],
        "total": 2, "page": 1, "itemCount": 2, "pageCount": 1, "limit": 20,
    }  # fmt: skip
    assert [one["name"] for one in api.get("/api/tags?limit=1&page=2").json()["items"]] == ["prod"]
    assert stranger.get("/api/tags").json()["items"] == []

    def named(query):
        return [one["name"] for one in api.get(f"/api/monitors?{query}").json()["items"]]

    assert named("tag=prod") == ["A", "B"]
    assert named("tag=prod&tag=eu") == ["A"]
    assert named("tag=eu&tag=us") == []


def test_only_a_tag_may_be_given_twice(api, pointers):
    assert pointers(api.get("/api/monitors?name=a&name=b")) == {"?name": "invalid"}
    assert pointers(api.get("/api/monitors?" + "&".join(f"tag={n}" for n in range(30)))) == {"?tag": "invalid"}
