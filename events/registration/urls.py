from django.urls import path

from events.registration import views

app_name = "registration"

urlpatterns = [
    path("events/<slug:slug>/register/", views.register, name="register"),
    path("events/<slug:slug>/register/done/", views.done, name="done"),
    path("events/<slug:slug>/register/lost-link/", views.lost_link, name="lost_link"),
    path("events/<slug:slug>/register/code/", views.code, name="code"),
    path("events/<slug:slug>/seats/", views.how_seats_are_given, name="seats"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("invitations/<str:token>/register/", views.accept, name="accept"),
    path("registrations/<str:token>/", views.manage, name="manage"),
    path("registrations/<str:token>/address/", views.confirm_address, name="confirm_address"),
    path("registrations/<str:token>/change/", views.change, name="change"),
    path("registrations/<str:token>/cancel/", views.cancel, name="cancel"),
    path("registrations/<str:token>/stop-waiting/", views.stop_waiting, name="stop_waiting"),
    path("registrations/<str:token>/meanwhile/", views.meanwhile, name="meanwhile"),
    path("registrations/<str:token>/return/", views.come_back, name="come_back"),
    path("registrations/<str:token>/another/", views.another, name="another"),
    path("registrations/<str:token>/several/", views.several, name="several"),
    path("registrations/<str:token>/invite.ics", views.personal_ics, name="personal_ics"),
]
