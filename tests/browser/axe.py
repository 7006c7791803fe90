"""What axe finds wrong on a page, and what of it is Django's own."""

# What stays as Django's admin has it, by axe's names. It is let pass only where
# such a thing is open, so that nothing of ours hides behind it. Why it stays is
# told in docs/desk-accessibility.md.
DJANGOS = {
    # The calendar, the clock and the list below an autocomplete are hung at the
    # end of the body, outside of every landmark.
    "region",
}


def violations(page, complaints):
    """Return what axe finds on the page as (rule, element), one pair for each element.

    The page must not have complained before. What axe itself tries there and
    the content security policy refuses is taken out of ``complaints``.
    """
    # A machine without the browser's packages has no axe either.
    from axe_playwright_python.sync_playwright import Axe

    assert complaints == []
    # A colour on its way to another is neither.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    found = Axe().run(page).response["violations"]
    complaints[:] = [line for line in complaints if "Applying inline style" not in line]
    return [(rule["id"], element["html"]) for rule in found for element in rule["nodes"]]
