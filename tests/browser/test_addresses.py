"""An address made while a name is typed, in a real browser."""


def test_letters_the_admin_does_not_know_keep_their_base_letter(open_desk):
    page = open_desk("/admin/speakers/speaker/add/", width=1280)
    page.locator("#id_name").press_sequentially("Wanjirũ wa Kĩhara-Müller")
    assert page.locator("#id_slug").input_value() == "wanjiru-wa-kihara-muller"
