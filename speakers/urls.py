from django.urls import path, register_converter

from speakers import views

register_converter(views.PhotoName, "photo")

app_name = "speakers"

urlpatterns = [
    path("speakers/<slug:slug>/", views.speaker, name="speaker"),
    path("photos/<photo:name>", views.photo, name="photo"),
]
