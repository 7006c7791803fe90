from django.urls import path

from events import views

app_name = "events"

urlpatterns = [
    path("", views.home, name="home"),
    path("events/", views.event_list, name="event_list"),
    path("events/<slug:slug>/", views.event, name="event"),
    path("events/<slug:slug>/concept-note/", views.concept_note, name="concept_note"),
    path("events/<slug:slug>/concept-note.pdf", views.concept_note_pdf, name="concept_note_pdf"),
    path("events/<slug:slug>/agenda.pdf", views.agenda_pdf, name="agenda_pdf"),
    path("events/<slug:slug>/agenda/", views.agenda, name="agenda"),
    path("events/<slug:slug>/card.png", views.card_png, name="card"),
    path("events/<slug:slug>/speakers/", views.speakers, name="speakers"),
    path("events/<slug:slug>/plain.txt", views.plain_text, name="plain_text"),
    path("events/<slug:slug>/invite.ics", views.invite_ics, name="invite_ics"),
    path("events/<slug:slug>/agenda.ics", views.agenda_ics, name="agenda_ics"),
    path("calendar.ics", views.feed_ics, name="feed_ics"),
]
