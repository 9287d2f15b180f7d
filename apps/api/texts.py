"""Routes about genres and about text that a client brings: predictions, insights, and what people flag as wrong."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from apps.api.answering import NO_STORE, answer, answer_slowly, find_live, render
from apps.api.problems import document_problems
from apps.api.questions import InsightsRequest, PredictRequest
from apps.api.schemas import FeedbackResponse
from apps.api.titles import UNCHANGED
from apps.observing.measures import Measures
from trending.answers import GenresAnswer, InsightsAnswer, PredictAnswer
from trending.experiments.assignment import note_complaint, offer_repeat
from trending.service.feedback import Feedback, keep_feedback
from trending.service.service import TitleService

router = APIRouter(prefix="/v1")


@router.get("/genres", tags=["genres"], response_model=GenresAnswer, responses=UNCHANGED | document_problems(503))
def list_genres(request: Request) -> Response:
    """Return the 20 canonical genres with their thresholds and how many titles are listed under each."""
    return answer(request, TitleService.list_genres)


@router.post("/predict", tags=["genres"], response_model=PredictAnswer, responses=document_problems(400, 413, 422, 503))
async def predict_genres(request: Request, body: PredictRequest) -> Response:
    """Predict the genres of 1 to 64 plots, with probability, threshold and the words that spoke most for each genre."""
    measures: Measures = request.app.state.measures
    with find_live(request).lease() as service:
        ask = partial(service.predict, body.texts, body.evidence, body.type, body.year)
        answered = ask() if service.predicts_at_once(body.texts) else await to_thread.run_sync(ask)
    offer_repeat(lambda other: other.predict(body.texts, body.evidence, body.type, body.year), answered)
    measures.count_predictions(answered.predictions)
    return render(answered, NO_STORE)


@router.post("/insights", tags=["insights"], response_model=InsightsAnswer, responses=document_problems(400, 413, 422, 503))
async def make_insights(request: Request, body: InsightsRequest) -> Response:
    """Say what a plot, reviews, or both say of a title: summary, score, vibes, themes with quotes, and who made that."""
    return await answer_slowly(request, lambda service: service.make_insights(body.plot, body.reviews, body.title, body.type, body.year))


@router.post("/feedback", tags=["feedback"], status_code=201, response_model=FeedbackResponse, responses=document_problems(400, 404, 413, 422, 503))
def add_feedback(request: Request, body: Feedback) -> Response:
    """Keep what somebody flags as wrong, for models to come; personal data in it are masked first."""
    with find_live(request).lease() as service:
        keep_feedback(service, body)
        note_complaint(body.release)
        return render(FeedbackResponse(release=service.version), NO_STORE, 201)
