"""The addresses."""

from django.urls import path

from dms import views

urlpatterns = [path("orders", views.arrive), path("orders/<order_no>/facts", views.record)]
