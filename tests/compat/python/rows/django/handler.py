from apig_wsgi import make_lambda_handler
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import re_path


def show(request):
    return JsonResponse({"path": request.path, "method": request.method})


urlpatterns = [re_path("", show)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="any", MIDDLEWARE=[])
handler = make_lambda_handler(get_wsgi_application())
