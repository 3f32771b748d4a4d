# The app on port 7860: docker build -t visprog . && docker run -p 7860:7860 visprog
FROM python:3.11-slim
RUN useradd --create-home visprog
WORKDIR /home/visprog/app
COPY --chown=visprog . .
RUN pip install --no-cache-dir '.[app,ocr,video]'
USER visprog
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 VISPROG_OFFLINE=1
EXPOSE 7860
CMD ["python", "app.py"]
