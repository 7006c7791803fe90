"""The desk's forms, read and sent as a browser without JavaScript does."""

from html import unescape
from html.parser import HTMLParser

import pytest


class FormReader(HTMLParser):
    """Reads what a browser would send of the page's own form, were it sent as it is."""

    def __init__(self):
        super().__init__()
        self.fields, self.inside, self.select, self.area = {}, False, None, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name", "")
        if tag == "form":
            self.inside = (given.get("id") or "").endswith("_form")
        elif not self.inside or "__prefix__" in name:
            return
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.fields.setdefault(self.select, []).append(given["value"])
        elif tag == "textarea":
            self.area = name
            self.fields[name] = ""
        elif tag == "input" and name:
            if given.get("type") in {"checkbox", "radio"} and "checked" not in given:
                return
            if given.get("type") not in {"submit", "file"}:
                nothing = "on" if given.get("type") == "checkbox" else ""
                self.fields[name] = given.get("value", nothing)

    def handle_data(self, data):
        if self.area:
            self.fields[self.area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            # HTML drops the line break the widget puts first.
            if self.area:
                self.fields[self.area] = self.fields[self.area].removeprefix("\n")
            self.area = None
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.inside = False


def read(response):
    assert response.status_code == 200
    reader = FormReader()
    reader.feed(response.content.decode())
    return reader.fields


def address(row):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def save(client, row, **typed):
    """Open the row's form, type over some of it, and save. Names join by two underscores."""
    url = address(row)
    sent = {**read(client.get(url)), **{name.replace("__", "-"): v for name, v in typed.items()}}
    return client.post(url, {name: value for name, value in sent.items() if value is not None})


def saved(response):
    if response.status_code == 200:
        pytest.fail(str(problems(response)))
    return response.status_code == 302


def problems(response):
    """The sentences of a form that was not saved, by field, inlines' too."""
    assert response.status_code == 200
    found = {name: list(errors) for name, errors in response.context["adminform"].errors.items()}
    for inline in response.context["inline_admin_formsets"]:
        for number, form in enumerate(inline.formset.forms):
            for name, errors in form.errors.items():
                found[f"{inline.formset.prefix}-{number}-{name}"] = list(errors)
        if inline.formset.non_form_errors():
            found[inline.formset.prefix] = list(inline.formset.non_form_errors())
    text = unescape(response.content.decode())
    for sentences in found.values():
        for sentence in sentences:
            assert sentence in text
    return found
