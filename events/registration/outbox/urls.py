from django.urls import path

from events.registration.outbox import views

app_name = "outbox"

urlpatterns = [
    path("", views.mail_list, name="list"),
    path("<int:pk>/", views.mail, name="mail"),
    path("<int:pk>/html/", views.html, name="html"),
    path("<int:pk>/raw/", views.raw, name="raw"),
    path("<int:pk>/parts/<int:number>/", views.part, name="part"),
]
