from django.urls import path

from speakers import views

app_name = "speakers"

urlpatterns = [
    path("speakers/<slug:slug>/", views.speaker, name="speaker"),
]
